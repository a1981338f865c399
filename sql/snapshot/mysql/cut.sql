select {texts} from {rows} as t where {column} <= ? order by {order} limit 1
