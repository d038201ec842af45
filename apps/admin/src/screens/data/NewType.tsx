/** Leads to a type that has no record yet, to write the first one or import a file. */
import { Button, Group, TextInput } from "@mantine/core"
import { useNavigate } from "@tanstack/react-router"
import { useState } from "react"
import { useMay } from "../../session/who.ts"

export const NewType = () => {
  const navigate = useNavigate()
  const may = useMay("records:write")
  const [type, setType] = useState("")
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (type !== "") void navigate({ to: "/data/$type", params: { type } })
      }}
    >
      <Group align="flex-end" gap="sm">
        <TextInput
          label="A new type"
          placeholder="task"
          value={type}
          onChange={({ currentTarget }) => setType(currentTarget.value.trim())}
        />
        <Button type="submit" variant="default" disabled={!may || type === ""}>
          Write its first record
        </Button>
      </Group>
    </form>
  )
}
