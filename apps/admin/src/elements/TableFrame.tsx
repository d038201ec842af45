/**
 * What every table looks like, of however many rows: only those in sight are in the document. Rows that are on their way have their
 * place already.
 */
import { Text, UnstyledButton } from "@mantine/core"
import { useVirtualizer } from "@tanstack/react-virtual"
import { type ReactNode, useEffect, useRef } from "react"

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

export interface Sorting {
  readonly order: false | "asc" | "desc"
  readonly toggle: () => void
}

interface Props<A> {
  /** Read aloud before the table. */
  readonly label: string
  readonly columns: ReadonlyArray<Column<A>>
  readonly count: number
  /** `undefined` for a row that is on its way. */
  readonly rowAt: (index: number) => A | undefined
  readonly keyOf: (row: A) => string
  /** Of a column whose rows can be sorted. */
  readonly sortingOf?: (column: string) => Sorting | undefined
  readonly onOpen?: ((row: A) => void) | undefined
  /** Told which rows are in sight. */
  readonly onSight?: (firstRow: number, lastRow: number) => void
  /** `false` where the list goes on behind the rows that are known. */
  readonly isWhole?: boolean
  readonly heightPx?: number | undefined
}

export const TableFrame = <A extends object>(props: Props<A>) => {
  const { columns, count, heightPx = 560, isWhole = true, keyOf, label, onOpen, onSight, rowAt, sortingOf } = props
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan
  })
  const items = virtual.getVirtualItems()
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0]
  useEffect(() => onSight?.(first, last), [count, first, last, onSight])
  const tracks = columns.map(({ grow = 1, minPx = minPxDefault }) => `minmax(${minPx}px, ${grow}fr)`).join(" ")
  const minWidth = columns.reduce((sum, { minPx = minPxDefault }) => sum + minPx, 0)
  return (
    <div
      ref={scroller}
      className="table"
      style={{ height: Math.min(heightPx, (count + 1) * rowPx + 2) }}
      role="table"
      aria-label={label}
      aria-rowcount={isWhole ? count + 1 : -1}
      tabIndex={0}
      data-state="full"
    >
      <div role="rowgroup" className="table-head" style={{ minWidth }}>
        <div role="row" aria-rowindex={1} className="table-row" style={{ gridTemplateColumns: tracks }}>
          {columns.map(({ align, header, id }) => (
            <Head key={id} title={header} align={align} sorting={sortingOf?.(id)} />
          ))}
        </div>
      </div>
      <div role="rowgroup" className="table-body" style={{ height: virtual.getTotalSize(), minWidth }}>
        {items.map(({ index, start }) => {
          const row = rowAt(index)
          return (
            <div
              key={row === undefined ? index : keyOf(row)}
              role="row"
              aria-rowindex={index + 2}
              className={onOpen === undefined ? "table-row" : "table-row table-row-opens"}
              style={{ gridTemplateColumns: tracks, transform: `translateY(${start}px)` }}
              onClick={
                onOpen === undefined || row === undefined ? undefined : (event) => isOnItself(event) && onOpen(row)
              }
            >
              {columns.map(({ align, cell, id }) => (
                <div role="cell" key={id} className="table-cell" data-align={align}>
                  {row === undefined ? "…" : cell(row)}
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
  readonly sorting: Sorting | undefined
}

const Head = ({ align, sorting, title }: HeadProps) => {
  if (sorting === undefined) {
    return (
      <div role="columnheader" className="table-cell" data-align={align}>
        <Text size="sm" fw={600}>
          {title}
        </Text>
      </div>
    )
  }
  const { order, toggle } = sorting
  const named = order === false ? "none" : order === "asc" ? "ascending" : "descending"
  return (
    <div role="columnheader" className="table-cell" data-align={align} aria-sort={named}>
      <UnstyledButton onClick={toggle} className="table-sort">
        {title}
        <span aria-hidden>{order === false ? " ↕" : order === "asc" ? " ↑" : " ↓"}</span>
      </UnstyledButton>
    </div>
  )
}
