"""Environment profiles, put in force in this process before anything of the user's is imported."""
