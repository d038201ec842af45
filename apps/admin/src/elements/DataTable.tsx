/** A table of rows that are all known; they are sorted by a click on a column's head. */
import {
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  sortFns,
  tableFeatures,
  useTable
} from "@tanstack/react-table"
import { useMemo } from "react"
import { type Column, type Sorting, TableFrame } from "./TableFrame.tsx"

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel(), sortFns })

interface Props<A> {
  /** Read aloud before the table. */
  readonly label: string
  readonly rows: ReadonlyArray<A>
  readonly columns: ReadonlyArray<Column<A>>
  readonly keyOf: (row: A) => string
  readonly onOpen?: (row: A) => void
  readonly heightPx?: number
}

const noSorting: Array<{ readonly id: string; readonly desc: boolean }> = []

export const DataTable = <A extends object>({ columns, keyOf, rows, ...frame }: Props<A>) => {
  const defined = useMemo(() => {
    const helper = createColumnHelper<typeof features, A>()
    return columns.map(({ header, id, sortBy }) =>
      helper.accessor((row): unknown => sortBy?.(row) ?? "", { id, header, enableSorting: sortBy !== undefined })
    )
  }, [columns])
  const table = useTable({
    features,
    columns: defined,
    data: rows as Array<A>,
    getRowId: keyOf,
    initialState: { sorting: noSorting }
  })
  const sorted = table.getRowModel().rows
  const sortingOf = (id: string): Sorting | undefined => {
    const column = table.getColumn(id)
    if (column?.getCanSort() !== true) return undefined
    return { order: column.getIsSorted(), toggle: () => column.toggleSorting() }
  }
  return (
    <TableFrame
      {...frame}
      columns={columns}
      count={sorted.length}
      rowAt={(index) => sorted[index]?.original}
      keyOf={keyOf}
      sortingOf={sortingOf}
    />
  )
}
