/** A new route, tested before it is kept where somebody wants that. */
import { Button, Group, TextInput } from "@mantine/core"
import { useForm } from "@mantine/form"
import { ask } from "../../api/ask.ts"
import type { RouteTest } from "../../api/routes.ts"
import { Allowed } from "../../acts/ActButton.tsx"
import { useAct } from "../../acts/useAct.ts"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { duration } from "../../elements/amounts.ts"

export const AddRoute = () => {
  const form = useForm({
    initialValues: { address: "", note: "" },
    validate: { address: (text) => (text.trim() === "" ? "Where to dial." : null) }
  })
  const { note } = form.values
  const address = form.values.address.trim()
  const body = note === "" ? { address } : { address, note }
  const adding = useAct({
    run: () => ask("POST", "/routes", { body }),
    stale: ["routes", "peers"],
    done: "The hub dials it from now on.",
    onDone: () => form.reset()
  })
  const testing = useAct({
    run: () => ask<RouteTest>("POST", "/routes/test", { body: { address } }),
    stale: [],
    done: ({ isReachable, problem, tookMs }) =>
      isReachable
        ? `Somebody answers, after ${duration(tookMs)}.`
        : `Nobody answers: ${problem ?? "no reason was told"}`
  })
  return (
    <form onSubmit={form.onSubmit(() => adding.mutate())}>
      <Group align="flex-end" gap="sm">
        <TextInput
          label="New route"
          placeholder="https://hub.example.com"
          w={280}
          maw="100%"
          {...form.getInputProps("address")}
        />
        <TextInput label="Note" placeholder="What it is for" maxLength={128} {...form.getInputProps("note")} />
        <Allowed scope="peers:write">
          {(may) => (
            <Group gap={4}>
              <Button
                variant="default"
                disabled={!may || address === ""}
                loading={testing.isPending}
                onClick={() => testing.mutate()}
              >
                Test
              </Button>
              <Button type="submit" disabled={!may} loading={adding.isPending}>
                Add
              </Button>
              <CopyCommand operation={{ id: "routes.add", set: body }} />
            </Group>
          )}
        </Allowed>
      </Group>
    </form>
  )
}
