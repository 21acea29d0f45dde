"""The pages about things to do: of parents, of organisers and of reviewers."""
