//! The Helm chart, rendered by Helm itself and judged by the schemas of what it renders.
