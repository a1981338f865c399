select array[{texts}]::text[] from {rows} as t tablesample system ({percent}) where {conditions} order by {order}
