/** The records of one type: as many as there are, found by conditions, as of now or of a time. */
import { Button } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useParams, useSearch } from "@tanstack/react-router"
import { useMemo, useState } from "react"
import { type Entity, recordPages, typeQuery, type Wanted } from "../../api/records.ts"
import { Allowed } from "../../acts/ActButton.tsx"
import { countOf } from "../../elements/amounts.ts"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import type { Column } from "../../elements/TableFrame.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { AnchorLink } from "../../elements/links.tsx"
import { Empty } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { PagedTable } from "../../elements/PagedTable.tsx"
import { usePaged } from "../../elements/usePaged.ts"
import { valueText } from "../../elements/plainText.ts"
import { Conditions } from "./Conditions.tsx"
import { useImport } from "./importing.ts"
import { ImportRecords } from "./ImportRecords.tsx"
import { NewRecord } from "./NewRecord.tsx"
import { columnsOf } from "./recordColumns.ts"
import { headerText } from "./recordPlace.ts"

const keyOf = ({ header, id }: Entity): string => `${id} ${JSON.stringify(header)}`

export const RecordsScreen = () => {
  const { type } = useParams({ strict: false }) as { readonly type: string }
  const wanted = useSearch({ strict: false }) as Wanted
  const now = useImport()
  // Whoever comes back finds the import where it was left.
  const [part, setPart] = useState<"new" | "import" | undefined>(now?.type === type ? "import" : undefined)
  const seen = useQuery({ ...typeQuery(type), retry: false }).data
  return (
    <Page
      title={valueText(type, 60)}
      description={
        seen === undefined
          ? "No record of this type is here that you may read."
          : `${countOf(seen.records, "record")} in ${countOf(seen.partitions, "partition")}.`
      }
      actions={
        <Allowed scope="records:write">
          {(may) => (
            <>
              <Button
                size="xs"
                variant="default"
                disabled={!may}
                onClick={() => setPart(part === "import" ? undefined : "import")}
                aria-expanded={part === "import"}
              >
                Import
              </Button>
              <Button
                size="xs"
                disabled={!may}
                onClick={() => setPart(part === "new" ? undefined : "new")}
                aria-expanded={part === "new"}
              >
                New record
              </Button>
            </>
          )}
        </Allowed>
      }
    >
      {part === "new" ? <NewRecord type={type} kinds={seen?.fields ?? {}} onDone={() => setPart(undefined)} /> : null}
      {part === "import" ? <ImportRecords type={type} /> : null}
      <Conditions type={type} fields={[...(seen?.header ?? []), ...Object.keys(seen?.fields ?? {})]} wanted={wanted} />
      <List
        type={type}
        wanted={wanted}
        fields={Object.keys(seen?.fields ?? {})}
        header={seen?.header ?? []}
        total={seen?.records}
      />
    </Page>
  )
}

interface ListProps {
  readonly type: string
  readonly wanted: Wanted
  readonly fields: ReadonlyArray<string>
  readonly header: ReadonlyArray<string>
  readonly total: number | undefined
}

const List = ({ fields, header, total, type, wanted }: ListProps) => {
  const navigate = useNavigate()
  const isAll = wanted.where === undefined && wanted.at === undefined
  const columns = useMemo(() => tableColumns(type, columnsOf(header, fields)), [fields, header, type])
  return (
    <PagedTable
      label={`Records of ${type}`}
      list={usePaged(recordPages(type, wanted))}
      total={isAll ? total : undefined}
      columns={columns}
      keyOf={keyOf}
      beside={<CopyCommand isWide operation={{ id: "entities.list", args: [type], query: { ...wanted } }} />}
      onOpen={(record) =>
        void navigate({
          to: "/data/$type/$id",
          params: { type, id: record.id },
          search: { header: headerText(record) }
        })
      }
      empty={
        isAll ? (
          <Empty title="No records of this type">Write the first one, or import a file of them.</Empty>
        ) : (
          <Empty title="None that fits">Other conditions or another time may find some.</Empty>
        )
      }
    />
  )
}

const tableColumns = (type: string, those: ReturnType<typeof columnsOf>): ReadonlyArray<Column<Entity>> => [
  {
    id: "id",
    header: "Id",
    grow: 2,
    minPx: 180,
    cell: (record) => (
      <AnchorLink
        to="/data/$type/$id"
        params={{ type, id: record.id }}
        search={{ header: headerText(record) }}
        size="sm"
      >
        <Inert text={record.id} />
      </AnchorLink>
    )
  },
  ...those.map(({ field, isHeader, title }): Column<Entity> => ({
    id: `${isHeader ? "header" : "field"} ${field}`,
    header: title,
    grow: 2,
    minPx: 140,
    cell: ({ fields, header }) => {
      const value = isHeader ? header[field] : fields[field]
      return value === undefined ? "—" : <bdi>{valueText(value, 80)}</bdi>
    }
  }))
]
