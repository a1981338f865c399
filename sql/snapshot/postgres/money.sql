{column}::numeric
