"""The run: its state, and what each event changes in it. All that is mutable is here."""
