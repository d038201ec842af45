/** A new record of a type, its contents typed as JSON. */
import { Button, Group, JsonInput, TextInput } from "@mantine/core"
import { useForm } from "@mantine/form"
import { useNavigate } from "@tanstack/react-router"
import { ask, part } from "../../api/ask.ts"
import type { Entity, Kind } from "../../api/records.ts"
import { useAct } from "../../acts/useAct.ts"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { objectOf, objectProblem } from "./jsonObject.ts"
import { headerText } from "./recordPlace.ts"

interface Props {
  readonly type: string
  /** What fields of others of the type are. */
  readonly kinds: { readonly [field: string]: Kind }
  readonly onDone: () => void
}

interface Written {
  readonly id: string
  readonly record: Entity | null
}

/** The first field of others is offered; a text is what most fields are. */
const beginning = (fields: ReadonlyArray<string>): string => {
  const [field] = fields
  return field === undefined ? "{}" : JSON.stringify({ [field]: "" }, null, 2)
}

const optional = (name: string, text: string): object => {
  const value = objectOf(text)
  return value === undefined ? {} : { [name]: value }
}

export const NewRecord = ({ kinds, onDone, type }: Props) => {
  const navigate = useNavigate()
  const form = useForm({
    initialValues: { id: "", header: "", fields: beginning(Object.keys(kinds)), kinds: "" },
    validate: { fields: objectProblem, header: objectProblem, kinds: objectProblem }
  })
  const { fields, header, id, kinds: said } = form.values
  const body = { fields: objectOf(fields) ?? {}, ...optional("header", header), ...optional("kinds", said) }
  const { isPending, mutate } = useAct({
    run: () =>
      id === ""
        ? ask<Written>("POST", `/entities/${part(type)}`, { body })
        : ask<Written>("PUT", `/entities/${part(type)}/${part(id)}`, { body }),
    stale: ["records", "stats"],
    done: "The record is written.",
    onDone: ({ id: made, record }) => {
      onDone()
      const search = { header: record === null ? undefined : headerText(record) }
      void navigate({ to: "/data/$type/$id", params: { type, id: made }, search })
    }
  })
  const operation = id === "" ? { id: "entities.add", args: [type] } : { id: "entities.put", args: [type, id] }
  const json = (name: "fields" | "header" | "kinds", label: string, description: string) => (
    // Laid out anew on blur, it would move what is about to be clicked.
    <JsonInput label={label} description={description} autosize minRows={1} {...form.getInputProps(name)} />
  )
  return (
    <Panel title="A new record">
      <form onSubmit={form.onSubmit(() => mutate())}>
        <TextInput
          label="Id"
          description="Empty for one that the hub makes"
          maxLength={128}
          {...form.getInputProps("id")}
        />
        {json("fields", "Fields", "A JSON object")}
        {json("header", "Header", 'Where it lies and who may have it, such as {"team":"north"}; empty for none')}
        {json("kinds", "Kinds", 'Of new fields that are no plain values, such as {"likes":"counter","tags":"orSet"}')}
        <Group gap={2} mt="sm">
          <Button type="submit" loading={isPending}>
            Write
          </Button>
          <CopyCommand operation={{ ...operation, set: body }} />
        </Group>
      </form>
    </Panel>
  )
}
