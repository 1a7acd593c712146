"""What a ride costs: fare tables as data, loaded, checked and compiled for the pricing kernel."""
