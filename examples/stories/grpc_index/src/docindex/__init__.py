"""An index of documents that is asked over gRPC."""
