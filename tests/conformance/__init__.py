"""Promises that every entity keeps."""
