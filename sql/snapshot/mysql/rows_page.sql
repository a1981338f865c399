select {columns} from {rows} as t where {conditions} order by {order} limit {limit}
