"""What people change by hand: each says beforehand what it will do, and asks why."""
