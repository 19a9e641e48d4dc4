"""What people read: values in, text out."""
