"""Who takes part and where: the ground floor that fares, settlement and clearing stand on."""
