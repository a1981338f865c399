select * from {rows} as t limit 0
