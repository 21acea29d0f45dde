"""What is put together from several apps: `bootstrap` makes platforms of it."""
