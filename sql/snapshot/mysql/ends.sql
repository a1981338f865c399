select min({column}), max({column}) from {rows} as t
