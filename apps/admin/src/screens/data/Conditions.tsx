/** Which records are shown: conditions on fields, an order, a time. All of it stands in the address. */
import { Button, Checkbox, Group, Select, TextInput } from "@mantine/core"
import { useNavigate } from "@tanstack/react-router"
import { useEffect, useState } from "react"
import type { Wanted } from "../../api/records.ts"
import { plainUpTo } from "../../elements/plainText.ts"
import { conditionText, parseConditions } from "./conditionText.ts"
import { localTime, msOf } from "./localTime.ts"

interface Props {
  readonly type: string
  readonly fields: ReadonlyArray<string>
  readonly wanted: Wanted
}

export const Conditions = ({ fields, type, wanted }: Props) => {
  const navigate = useNavigate()
  const [text, setText] = useState(conditionText(wanted.where))
  useEffect(() => setText(conditionText(wanted.where)), [wanted.where])
  const parsed = parseConditions(text)
  const go = (more: Wanted): void =>
    void navigate({ to: "/data/$type", params: { type }, search: { ...wanted, ...more }, replace: true })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if ("where" in parsed) go({ where: parsed.where })
      }}
    >
      <Group align="flex-end" gap="sm">
        <TextInput
          label="Conditions"
          description="field=value; several with ;"
          placeholder="done=false; team=north"
          value={text}
          error={"problem" in parsed ? parsed.problem : undefined}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={"problem" in parsed}>
          Find
        </Button>
        <Select
          label="Order"
          placeholder="by id"
          clearable
          data={[...new Set(fields)].map((field) => ({ value: field, label: plainUpTo(field, 60) }))}
          value={wanted.orderBy ?? null}
          onChange={(value) => go({ orderBy: value ?? undefined })}
        />
        <Checkbox
          label="Descending"
          checked={wanted.isDescending === "true"}
          disabled={wanted.orderBy === undefined}
          onChange={({ currentTarget }) => go({ isDescending: currentTarget.checked ? "true" : undefined })}
        />
        <TextInput
          type="datetime-local"
          step={1}
          label="As of"
          description="Empty for now"
          value={wanted.at === undefined ? "" : localTime(Number(wanted.at))}
          onChange={({ currentTarget }) => go({ at: msOf(currentTarget.value) })}
        />
      </Group>
    </form>
  )
}
