/** Who is signed in, the way to what is one's own, and the way out. */
import { Button, Menu } from "@mantine/core"
import { notifications } from "@mantine/notifications"
import { Link } from "@tanstack/react-router"
import { ask, Refused } from "../api/ask.ts"
import { IconLogout, IconUser } from "../elements/icons.ts"
import { queries } from "../queries.ts"
import { useWho } from "../session/who.ts"

/** The whole page is loaded anew: nothing of what was shown stays in its memory. */
const signOut = async (): Promise<void> => {
  await ask("DELETE", "/session").catch((error: unknown) => {
    // Of a session that is over nothing is left to end.
    if (!(error instanceof Refused && error.status === 401)) throw error
  })
  queries.clear()
  window.location.assign(new URL("sign-in", document.baseURI))
}

export const SignedIn = () => {
  const { account } = useWho()
  const leave = (): void =>
    void signOut().catch((error: Error) =>
      notifications.show({ color: "red", title: "You are still signed in", message: error.message, autoClose: false })
    )
  return (
    <Menu>
      <Menu.Target>
        <Button variant="default" size="xs" leftSection={<IconUser size={14} />}>
          {account?.name ?? "you"}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{account?.role}</Menu.Label>
        <Menu.Item component={Link} to="/you">
          Password, passkeys, sessions
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={14} />} onClick={leave}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
