"""What agent and collector share: observables, report, finding, codec, signature. Pure, no I/O."""
