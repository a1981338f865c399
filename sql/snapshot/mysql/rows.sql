select {columns} from {rows} as t where {conditions}
