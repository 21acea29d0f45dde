"""Others who do the same work, each with its best documented settings and the same durability."""
