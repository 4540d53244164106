"""What may be asked of a table: filters, columns, orders, pages. Pure decisions."""
