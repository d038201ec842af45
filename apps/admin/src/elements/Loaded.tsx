/** What is shown of something that is asked for: that it is on its way, why it did not come, that there is nothing, or what came. */
import { Alert, Button, Group, Skeleton, Stack, Text } from "@mantine/core"
import type { UseQueryResult } from "@tanstack/react-query"
import type { ReactNode } from "react"
import { Refused } from "../api/ask.ts"
import { duration } from "./amounts.ts"
import { refusalWords } from "./refusalWords.ts"

interface Props<A> {
  readonly query: UseQueryResult<A>
  /** True where what came is nothing to show. */
  readonly isEmpty?: (data: A) => boolean
  readonly empty?: ReactNode
  readonly children: (data: A) => ReactNode
}

export const Loaded = <A,>({ children, empty, isEmpty, query }: Props<A>) => {
  const { data, error, isFetching, refetch } = query
  if (data === undefined && error !== null) {
    return <Failed error={error} isTrying={isFetching} onTry={() => void refetch()} />
  }
  if (data === undefined) return <OnItsWay />
  return (
    <>
      {/* What is shown stays, and is said to be old. */}
      {error === null ? null : <Failed error={error} isTrying={isFetching} onTry={() => void refetch()} isOld />}
      {isEmpty?.(data) === true ? empty : children(data)}
    </>
  )
}

export const OnItsWay = () => (
  <Stack gap="xs" role="status" aria-label="Loading" data-state="loading">
    <Skeleton height={36} />
    <Skeleton height={36} />
    <Skeleton height={36} width="70%" />
  </Stack>
)

interface FailedProps {
  readonly error: Error
  readonly isTrying?: boolean
  readonly isOld?: boolean
  readonly onTry?: () => void
}

export const Failed = ({ error, isOld = false, isTrying = false, onTry }: FailedProps) => (
  <Alert color="red" variant="light" title={titleOf(error, isOld)} data-state="error" role="alert">
    <Stack gap="xs" align="flex-start">
      <Text size="sm">{refusalWords(error)}</Text>
      {error instanceof Refused && error.retryAfterS !== undefined ? (
        <Text size="sm">Try again in {duration(error.retryAfterS * 1_000)}.</Text>
      ) : null}
      {onTry === undefined ? null : (
        <Button size="xs" variant="default" onClick={onTry} loading={isTrying}>
          Try again
        </Button>
      )}
    </Stack>
  </Alert>
)

const titleOf = (error: Error, isOld: boolean): string => {
  if (isOld) return "What is shown may be old"
  if (error instanceof Refused && error.status === 403) return "You may not see this"
  if (error instanceof Refused && error.status === 404) return "There is no such thing"
  return "This could not be loaded"
}

interface EmptyProps {
  readonly title: string
  readonly children?: ReactNode
  readonly action?: ReactNode
}

/** Where there is nothing yet: why, and what to do about it. */
export const Empty = ({ action, children, title }: EmptyProps) => (
  <Stack align="center" gap="sm" py="xl" px="md" className="empty" data-state="empty">
    <Text fw={600} size="lg">
      {title}
    </Text>
    {children === undefined ? null : (
      <Text c="dimmed" ta="center" maw={560} component="div">
        {children}
      </Text>
    )}
    {action === undefined ? null : <Group>{action}</Group>}
  </Stack>
)
