//! The AWS stacks: judged by the linter, deployed, stood up and torn down.
