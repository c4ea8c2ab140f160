"""What the services that keep objects have in common: shelves, bodies within bodies, XML and JSON of strangers."""
