"""GitHub and GitHub Enterprise Server, over GraphQL (https://docs.github.com/graphql)."""
