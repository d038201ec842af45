/** A table whose rows come page by page from the hub, with what there is to say before the first page and where there is none. */
import { Stack, Text } from "@mantine/core"
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query"
import { type ReactNode, useCallback, useMemo } from "react"
import { count } from "./amounts.ts"
import { type Column, DataTable } from "./DataTable.tsx"
import { Failed, OnItsWay } from "./Loaded.tsx"

interface PageOf<A> {
  readonly items: ReadonlyArray<A>
}

interface Props<A> {
  readonly label: string
  readonly query: UseInfiniteQueryResult<InfiniteData<PageOf<A>>>
  readonly columns: ReadonlyArray<Column<A>>
  readonly keyOf: (row: A) => string
  readonly empty: ReactNode
  readonly onOpen?: (row: A) => void
  readonly heightPx?: number
}

export const PagedTable = <A extends object>({ empty, query, ...table }: Props<A>) => {
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage, refetch } = query
  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data])
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [fetchNextPage, hasNextPage, isFetchingNextPage])
  if (data === undefined) return error === null ? <OnItsWay /> : <Failed error={error} onTry={() => void refetch()} />
  return (
    <Stack gap="xs">
      {error === null ? null : <Failed error={error} isOld onTry={() => void refetch()} />}
      {rows.length === 0 && !hasNextPage ? (
        empty
      ) : (
        <>
          <Text size="sm" c="dimmed" role="status">
            {count(rows.length)} loaded{hasNextPage ? "; more come as you go down" : ", all of them"}
          </Text>
          <DataTable {...table} rows={rows} onMore={more} />
        </>
      )}
    </Stack>
  )
}
