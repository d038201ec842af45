/** Fields that two devices wrote without knowing of each other: which value stands, which does not, and a way to choose otherwise. */
import { Drawer, Group, Text, UnstyledButton } from "@mantine/core"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { type Conflict, conflictPages } from "../../api/records.ts"
import { count, shortened } from "../../elements/amounts.ts"
import { Ago } from "../../elements/Clock.tsx"
import type { Column } from "../../elements/TableFrame.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { AnchorLink, ButtonLink } from "../../elements/links.tsx"
import { Empty } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { PagedTable } from "../../elements/PagedTable.tsx"
import { usePaged } from "../../elements/usePaged.ts"
import { headerOf, keyOf, placeOf } from "./conflictPlace.ts"
import { OneConflict } from "./OneConflict.tsx"

const columnsWith = (onOpen: (conflict: Conflict) => void): ReadonlyArray<Column<Conflict>> => [
  { id: "at", header: "Found", minPx: 120, cell: ({ atMs }) => <Ago atMs={atMs} /> },
  {
    id: "record",
    header: "Record",
    grow: 2,
    minPx: 180,
    cell: (conflict) => (
      <AnchorLink
        to="/data/$type/$id"
        params={{ type: conflict.type, id: conflict.id }}
        search={{ header: headerOf(conflict) }}
        size="sm"
      >
        <Inert text={`${conflict.type} ${conflict.id}`} />
      </AnchorLink>
    )
  },
  { id: "field", header: "Field", minPx: 120, cell: ({ field }) => <Inert text={field} /> },
  { id: "winner", header: "Won: by", minPx: 140, cell: ({ winner }) => shortened(winner) },
  { id: "loser", header: "Lost: by", minPx: 140, cell: ({ loser }) => shortened(loser) },
  {
    id: "open",
    header: "Values",
    minPx: 110,
    cell: (conflict) => (
      <UnstyledButton fz="sm" td="underline" onClick={() => onOpen(conflict)}>
        Look at both
      </UnstyledButton>
    )
  }
]

export const ConflictsScreen = () => {
  const { id, open, type } = useSearch({ strict: false }) as { readonly [name in "type" | "id" | "open"]?: string }
  const navigate = useNavigate()
  const show = (conflict: Conflict | undefined): void =>
    void navigate({ to: "/conflicts", search: (was) => ({ ...was, open: conflict && placeOf(conflict) }) })
  const close = (): void => show(undefined)
  const list = usePaged(conflictPages(type, id))
  const missed = list.firstPage?.missed ?? 0
  return (
    <Page
      title="Conflicts"
      description="Every device came to the same value by itself: of two that did not know of each other, the later by its clock stands, and of the same time the one by the greater device id. The other is in the history."
    >
      {type === undefined ? null : (
        <Group>
          <Text size="sm">
            Only of <Inert text={id === undefined ? type : `${type} ${id}`} />
          </Text>
          <ButtonLink to="/conflicts" search={{}} size="xs" variant="default">
            Show all
          </ButtonLink>
        </Group>
      )}
      {missed > 0 ? (
        <Text size="sm">{count(missed)} more came too fast to be noted; the histories of their records have them.</Text>
      ) : null}
      <PagedTable
        label="Conflicts, the newest first"
        list={list}
        columns={columnsWith(show)}
        keyOf={keyOf}
        onOpen={show}
        empty={
          <Empty title="No conflicts">
            Changes to different fields merge by themselves. Here stands what two devices wrote to one field at the same
            time.
          </Empty>
        }
      />
      <Drawer opened={open !== undefined} onClose={close} title="Both values" position="right" size="lg">
        {open === undefined ? null : <OneConflict open={open} onDone={close} />}
      </Drawer>
    </Page>
  )
}
