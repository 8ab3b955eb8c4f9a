"""What the world says: runs, fits, uncertainty, claims."""
