/**
 * A table of any length: only the rows in sight are in the document. Rows are sorted here where all of them are known; those of a long
 * list come page by page, as one gets near its end.
 */
import { Text, UnstyledButton } from "@mantine/core"
import {
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  sortFns,
  type Table,
  tableFeatures,
  useTable
} from "@tanstack/react-table"
import { useVirtualizer } from "@tanstack/react-virtual"
import { type ReactNode, useEffect, useMemo, useRef } from "react"

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel(), sortFns })
const rowPx = 44
/** Rows beside those in sight, above and below. */
const overscan = 12
const minPxDefault = 90

export interface Column<A> {
  readonly id: string
  readonly header: string
  readonly cell: (row: A) => ReactNode
  /** What rows are sorted by; without it they are not. */
  readonly sortBy?: (row: A) => string | number | null
  /** A share of the width; default 1. */
  readonly grow?: number
  readonly minPx?: number
  readonly align?: "right"
}

interface Props<A> {
  /** Read aloud before the table. */
  readonly label: string
  readonly rows: ReadonlyArray<A>
  readonly columns: ReadonlyArray<Column<A>>
  readonly keyOf: (row: A) => string
  readonly onOpen?: (row: A) => void
  /** Called as the end comes near, where there is more. */
  readonly onMore?: (() => void) | undefined
  readonly heightPx?: number
}

const noSorting: Array<{ readonly id: string; readonly desc: boolean }> = []

export const DataTable = <A extends object>(props: Props<A>) => {
  const { columns, heightPx = 560, keyOf, label, rows } = props
  const defined = useMemo(() => {
    const helper = createColumnHelper<typeof features, A>()
    return columns.map(({ cell, header, id, sortBy }) =>
      helper.accessor((row): unknown => sortBy?.(row) ?? "", {
        id,
        header,
        enableSorting: sortBy !== undefined,
        cell: ({ row }) => cell(row.original)
      })
    )
  }, [columns])
  const table = useTable({
    features,
    columns: defined,
    data: rows as Array<A>,
    getRowId: keyOf,
    initialState: { sorting: noSorting }
  })
  const tracks = columns.map(({ grow = 1, minPx = minPxDefault }) => `minmax(${minPx}px, ${grow}fr)`).join(" ")
  const widthPx = columns.reduce((sum, { minPx = minPxDefault }) => sum + minPx, 0)
  return <Body {...props} table={table} tracks={tracks} widthPx={widthPx} heightPx={heightPx} label={label} />
}

interface BodyProps<A extends object> extends Props<A> {
  readonly table: Table<typeof features, A>
  readonly tracks: string
  readonly widthPx: number
  readonly heightPx: number
}

const Body = <A extends object>({ columns, heightPx, label, onMore, onOpen, table, tracks, widthPx }: BodyProps<A>) => {
  const scroller = useRef<HTMLDivElement>(null)
  const { rows } = table.getRowModel()
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    getItemKey: (index) => rows[index]!.id,
    overscan
  })
  const items = virtual.getVirtualItems()
  const lastSeen = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (rows.length > 0 && lastSeen >= rows.length - overscan) onMore?.()
  }, [lastSeen, onMore, rows.length])
  const height = Math.min(heightPx, (rows.length + 1) * rowPx + 2)
  return (
    <div
      ref={scroller}
      className="table"
      style={{ height }}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      data-state="full"
    >
      <div role="rowgroup" className="table-head" style={{ minWidth: widthPx }}>
        <div role="row" aria-rowindex={1} className="table-row" style={{ gridTemplateColumns: tracks }}>
          {table.getHeaderGroups()[0]!.headers.map((header, at) => (
            <Head
              key={header.id}
              title={columns[at]!.header}
              align={columns[at]!.align}
              sorted={header.column.getIsSorted()}
              onSort={header.column.getCanSort() ? () => header.column.toggleSorting() : undefined}
            />
          ))}
        </div>
      </div>
      <div role="rowgroup" className="table-body" style={{ height: virtual.getTotalSize(), minWidth: widthPx }}>
        {items.map(({ index, start }) => {
          const row = rows[index]!
          return (
            <div
              key={row.id}
              role="row"
              aria-rowindex={index + 2}
              className={onOpen === undefined ? "table-row" : "table-row table-row-opens"}
              style={{ gridTemplateColumns: tracks, transform: `translateY(${start}px)` }}
              onClick={onOpen === undefined ? undefined : (event) => isOnItself(event) && onOpen(row.original)}
            >
              {columns.map(({ align, cell, id }) => (
                <div role="cell" key={id} className="table-cell" data-align={align}>
                  {cell(row.original)}
                </div>
              ))}
            </div>
          )
        })}
      </div>
    </div>
  )
}

/** A click on a button or a link within a row is not one on the row. */
const isOnItself = ({ target }: React.MouseEvent): boolean =>
  target instanceof Element && target.closest("a, button, input, time, [role=menuitem]") === null

interface HeadProps {
  readonly title: string
  readonly align: "right" | undefined
  readonly sorted: false | "asc" | "desc"
  readonly onSort: (() => void) | undefined
}

const Head = ({ align, onSort, sorted, title }: HeadProps) => {
  const order = sorted === false ? "none" : sorted === "asc" ? "ascending" : "descending"
  return (
    <div
      role="columnheader"
      className="table-cell"
      data-align={align}
      {...(onSort === undefined ? {} : { "aria-sort": order })}
    >
      {onSort === undefined ? (
        <Text size="sm" fw={600}>
          {title}
        </Text>
      ) : (
        <UnstyledButton onClick={onSort} className="table-sort">
          {title}
          <span aria-hidden>{sorted === false ? " ↕" : sorted === "asc" ? " ↑" : " ↓"}</span>
        </UnstyledButton>
      )}
    </div>
  )
}
