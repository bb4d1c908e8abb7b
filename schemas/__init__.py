"""The contract: everything that crosses a process boundary. Standard library, pyarrow and pydantic only."""
