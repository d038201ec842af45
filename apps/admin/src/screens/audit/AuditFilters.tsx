/** Which decisions are shown. All of it stands in the address. */
import { Button, Checkbox, Group, TextInput } from "@mantine/core"
import { useState } from "react"
import type { AuditFilter } from "../../api/audit.ts"
import { localTime, msOf } from "../data/localTime.ts"

interface Props {
  readonly filter: AuditFilter
  readonly onFilter: (more: AuditFilter) => void
}

const texts = [
  { name: "action", label: "Action", placeholder: "send" },
  { name: "peer", label: "Who", placeholder: "12D3KooW…" },
  { name: "rule", label: "Rule", placeholder: "charter/*" },
  { name: "text", label: "Words in it", placeholder: "task" }
] as const

const time = (ms: string | undefined): string => (ms === undefined ? "" : localTime(Number(ms)))

export const AuditFilters = ({ filter, onFilter }: Props) => {
  const [typed, setTyped] = useState<AuditFilter>(filter)
  const trimmed = (text: string | undefined): string | undefined => (text?.trim() === "" ? undefined : text?.trim())
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onFilter({
          action: trimmed(typed.action),
          peer: trimmed(typed.peer),
          rule: trimmed(typed.rule),
          text: trimmed(typed.text)
        })
      }}
    >
      <Group align="flex-end" gap="sm">
        {texts.map(({ label, name, placeholder }) => (
          <TextInput
            key={name}
            label={label}
            placeholder={placeholder}
            w={150}
            value={typed[name] ?? ""}
            onChange={({ currentTarget }) => setTyped({ ...typed, [name]: currentTarget.value })}
          />
        ))}
        <TextInput
          type="datetime-local"
          label="From"
          value={time(filter.from)}
          onChange={({ currentTarget }) => onFilter({ from: msOf(currentTarget.value) })}
        />
        <TextInput
          type="datetime-local"
          label="Before"
          value={time(filter.to)}
          onChange={({ currentTarget }) => onFilter({ to: msOf(currentTarget.value) })}
        />
        <Checkbox
          label="Refused only"
          checked={filter.denied === "true"}
          onChange={({ currentTarget }) => onFilter({ denied: currentTarget.checked ? "true" : undefined })}
        />
        <Button type="submit" variant="default">
          Find
        </Button>
      </Group>
    </form>
  )
}
