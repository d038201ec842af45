/** Another password for whoever is signed in. */
import { Button, Group, PasswordInput, Stack } from "@mantine/core"
import { useForm } from "@mantine/form"
import { ask } from "../../api/ask.ts"
import { useAct } from "../../acts/useAct.ts"

const charsMin = 12

export const PasswordForm = ({ name }: { readonly name: string }) => {
  const form = useForm({
    initialValues: { current: "", next: "", again: "" },
    validate: {
      next: (text) => (text.length < charsMin ? `At least ${charsMin} characters.` : null),
      again: (text, { next }) => (text === next ? null : "This is another one.")
    }
  })
  const { isPending, mutate } = useAct({
    run: () => ask("PUT", "/password", { body: { current: form.values.current, next: form.values.next } }),
    stale: ["people", "session"],
    done: "The password is another one now. All your other sessions have ended.",
    onDone: () => form.reset()
  })
  return (
    <form onSubmit={form.onSubmit(() => mutate())}>
      <Stack maw={420}>
        {/* For password stores, which ask whose it is. */}
        <input type="text" autoComplete="username" value={name} readOnly hidden aria-hidden />
        <PasswordInput
          label="Password now"
          autoComplete="current-password"
          required
          {...form.getInputProps("current")}
        />
        <PasswordInput
          label="New password"
          description={`At least ${charsMin} characters`}
          autoComplete="new-password"
          required
          {...form.getInputProps("next")}
        />
        <PasswordInput
          label="New password again"
          autoComplete="new-password"
          required
          {...form.getInputProps("again")}
        />
        <Group>
          <Button type="submit" loading={isPending}>
            Change the password
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
