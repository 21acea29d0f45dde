"""Other software that does the same work, with its best documented settings, equally durable."""
