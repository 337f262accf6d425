//! The images, run as containers and as a pod.
