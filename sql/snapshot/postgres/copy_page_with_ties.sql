copy (select {columns} from {rows} as t where {conditions} order by {order} fetch first {limit} rows with ties) to stdout
