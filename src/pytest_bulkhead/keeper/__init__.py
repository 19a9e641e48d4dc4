"""The keeper: the one process between the controller and everything else of a run."""
