/** The types of records in the space, with how many there are of each. */
import { Code, Stack } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useNavigate } from "@tanstack/react-router"
import { type TypeCount, typesQuery } from "../../api/records.ts"
import { count } from "../../elements/amounts.ts"
import { DataTable } from "../../elements/DataTable.tsx"
import type { Column } from "../../elements/TableFrame.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { AnchorLink } from "../../elements/links.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { useImport } from "./importing.ts"
import { Elsewhere } from "./ImportRecords.tsx"
import { NewType } from "./NewType.tsx"

const columns: ReadonlyArray<Column<TypeCount>> = [
  {
    id: "type",
    header: "Type",
    grow: 2,
    minPx: 180,
    sortBy: ({ id }) => id,
    cell: ({ id }) => (
      <AnchorLink to="/data/$type" params={{ type: id }} size="sm">
        <Inert text={id} />
      </AnchorLink>
    )
  },
  {
    id: "records",
    header: "Records",
    align: "right",
    sortBy: ({ records }) => records,
    cell: ({ records }) => count(records)
  },
  {
    id: "partitions",
    header: "Partitions",
    align: "right",
    minPx: 110,
    sortBy: ({ partitions }) => partitions,
    cell: ({ partitions }) => count(partitions)
  },
  {
    id: "header",
    header: "Header fields",
    grow: 2,
    minPx: 160,
    cell: ({ header }) => (header.length === 0 ? "none" : <Inert text={header.join(", ")} />)
  }
]

const keyOf = ({ id }: TypeCount): string => id

export const TypesScreen = () => {
  const navigate = useNavigate()
  const now = useImport()
  return (
    <Page
      title="Data"
      description="Records by their types, as far as your member may read them. A partition is all records of a type with the same header."
    >
      {now === undefined ? null : <Elsewhere now={now} />}
      <Loaded
        query={useQuery(typesQuery)}
        isEmpty={(types) => types.length === 0}
        empty={
          <Empty title="No types yet">
            <Stack gap="xs">
              <span>
                A type is there with its first record: an app's, over a device, or one that you write here or at the
                terminal.
              </span>
              <Code>syncline hub entities.add task --set 'fields={`{"title":"First"}`}'</Code>
            </Stack>
          </Empty>
        }
      >
        {(types) => (
          <DataTable
            label="Types"
            rows={types}
            columns={columns}
            keyOf={keyOf}
            onOpen={({ id }) => void navigate({ to: "/data/$type", params: { type: id } })}
          />
        )}
      </Loaded>
      <NewType />
    </Page>
  )
}
