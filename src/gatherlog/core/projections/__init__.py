"""Projections: views with their indexes, folds of events into documents, rebuild and verify."""
