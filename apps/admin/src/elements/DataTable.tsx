/** A table of rows that are all known; they are sorted by a click on a column's head, and how stands in the address. */
import {
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  sortFns,
  type SortingState,
  tableFeatures,
  useTable
} from "@tanstack/react-table"
import { useNavigate, useSearch } from "@tanstack/react-router"
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

/** `name` and `-name`, as the address has it; one that no column of this table can be sorted by is another table's. */
const sortingIn = (sort: string | undefined, columns: ReadonlyArray<Column<never>>): SortingState => {
  const [id, desc] = sort?.startsWith("-") === true ? [sort.slice(1), true] : [sort, false]
  const isOurs = columns.some((column) => column.id === id && column.sortBy !== undefined)
  return id === undefined || !isOurs ? [] : [{ id, desc }]
}

export const DataTable = <A extends object>({ columns, keyOf, rows, ...frame }: Props<A>) => {
  const defined = useMemo(() => {
    const helper = createColumnHelper<typeof features, A>()
    return columns.map(({ header, id, sortBy }) =>
      helper.accessor((row): unknown => sortBy?.(row) ?? "", { id, header, enableSorting: sortBy !== undefined })
    )
  }, [columns])
  const { sort } = useSearch({ strict: false }) as { readonly sort?: string }
  const navigate = useNavigate()
  const sorting = useMemo(() => sortingIn(sort, columns), [sort, columns])
  const table = useTable({
    features,
    columns: defined,
    data: rows as Array<A>,
    getRowId: keyOf,
    state: { sorting },
    onSortingChange: (change) => {
      const [first] = typeof change === "function" ? change(sorting) : change
      const said = first === undefined ? undefined : `${first.desc ? "-" : ""}${first.id}`
      void navigate({ to: ".", search: (was) => ({ ...was, sort: said }), replace: true })
    }
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
