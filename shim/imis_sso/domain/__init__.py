"""The pure part: documents, comparison, fingerprints, verdicts and problems. No I/O."""
