select {columns} from {rows} as t limit 0
