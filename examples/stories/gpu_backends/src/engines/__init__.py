"""Three ways to run a model, each of which takes its memory of the GPU once, and keeps it."""
