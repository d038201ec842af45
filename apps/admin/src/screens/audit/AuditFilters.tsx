/** Which decisions are shown. All of it stands in the address. */
import { Button, Checkbox, Group, TextInput } from "@mantine/core"
import { useEffect, useState } from "react"
import type { AuditFilter } from "../../api/audit.ts"
import { useFollowed } from "../../elements/useFollowed.ts"
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

type Typed = { readonly [N in (typeof texts)[number]["name"]]: string }

const typedOf = ({ action = "", peer = "", rule = "", text = "" }: AuditFilter): Typed => ({ action, peer, rule, text })

/** As the address has it; nothing for what is not a whole date yet, such as the year 20. */
const timeOf = (local: string): string | undefined => {
  const ms = msOf(local)
  return ms === undefined || Number(ms) < 0 ? undefined : ms
}
const isSameTime = (a: string, b: string): boolean => timeOf(a) === timeOf(b)

export const AuditFilters = ({ filter, onFilter }: Props) => {
  const said = typedOf(filter)
  const [typed, setTyped] = useState(said)
  const key = JSON.stringify(said)
  // By Back and Forward, or by what was found.
  useEffect(() => setTyped(JSON.parse(key) as Typed), [key])
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onFilter(Object.fromEntries(Object.entries(typed).map(([name, text]) => [name, text.trim() || undefined])))
      }}
    >
      <Group align="flex-end" gap="sm">
        {texts.map(({ label, name, placeholder }) => (
          <TextInput
            key={name}
            label={label}
            placeholder={placeholder}
            w={150}
            value={typed[name]}
            onChange={({ currentTarget }) => setTyped({ ...typed, [name]: currentTarget.value })}
          />
        ))}
        <TimeInput label="From" ms={filter.from} onTime={(from) => onFilter({ from })} />
        <TimeInput label="Before" ms={filter.to} onTime={(to) => onFilter({ to })} />
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

interface TimeProps {
  readonly label: string
  readonly ms: string | undefined
  readonly onTime: (ms: string | undefined) => void
}

const TimeInput = ({ label, ms, onTime }: TimeProps) => {
  const [local, type] = useFollowed(
    ms === undefined ? "" : localTime(Number(ms)),
    (next) => onTime(timeOf(next)),
    isSameTime
  )
  return (
    <TextInput
      type="datetime-local"
      label={label}
      value={local}
      onChange={({ currentTarget }) => type(currentTarget.value)}
    />
  )
}
