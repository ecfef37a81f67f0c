"""What may be added to the prober from outside. One module for each table, because each is read where its table is."""
