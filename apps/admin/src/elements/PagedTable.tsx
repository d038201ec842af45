/** A table whose rows come page by page from the hub, with what there is to say before the first page and where there is none. */
import { Group, Stack, Text } from "@mantine/core"
import type { ReactNode } from "react"
import { count } from "./amounts.ts"
import { Failed, OnItsWay } from "./Loaded.tsx"
import { type Column, TableFrame } from "./TableFrame.tsx"
import type { Paged } from "./usePaged.ts"

interface Props<A> {
  readonly label: string
  readonly list: Paged<A, unknown>
  readonly columns: ReadonlyArray<Column<A>>
  readonly keyOf: (row: A) => string
  readonly empty: ReactNode
  /** How many there are in all, where that is known. */
  readonly total?: number | undefined
  /** Beside the words on how many are loaded. */
  readonly beside?: ReactNode
  readonly onOpen?: (row: A) => void
}

export const PagedTable = <A extends object>({ beside, empty, list, total, ...table }: Props<A>) => {
  const { error, firstPage, hasMore, isMoreOnItsWay, onSight, retry, rowAt } = list
  if (firstPage === undefined) return error === null ? <OnItsWay /> : <Failed error={error} onTry={retry} />
  return (
    <Stack gap="xs">
      {error === null ? null : <Failed error={error} isOld onTry={retry} />}
      {list.count === 0 && !hasMore ? (
        empty
      ) : (
        <>
          <Group justify="space-between">
            <Text size="sm" c="dimmed" role="status">
              {loadedWords(list.count, hasMore, total)}
              {isMoreOnItsWay ? ", more on their way" : ""}
            </Text>
            {beside}
          </Group>
          <TableFrame {...table} count={list.count} rowAt={rowAt} onSight={onSight} isWhole={!hasMore} />
        </>
      )}
    </Stack>
  )
}

const loadedWords = (loaded: number, hasMore: boolean, total: number | undefined): string => {
  if (!hasMore) return `${count(loaded)}, all of them`
  return total === undefined || total <= loaded
    ? `${count(loaded)} loaded; more come as you go down`
    : `${count(loaded)} of ${count(total)} loaded; more come as you go down`
}
