/** Letting a device in by a code: it is shown once, the device asks, and both screens show the same number before anybody says yes. */
import { Alert, Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import { useState } from "react"
import { type PairingCode, pairingQuery } from "../../api/pairing.ts"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { useIsTeam } from "../../session/who.ts"
import { CodeShown } from "./CodeShown.tsx"
import { NewCode } from "./NewCode.tsx"
import { Asking } from "./Asking.tsx"

export const PairingScreen = () => {
  const query = useQuery(pairingQuery)
  const isTeam = useIsTeam()
  // The hub tells a code's secret once, to this page; it is gone with it.
  const [shown, setShown] = useState<PairingCode>()
  const [watched, setWatched] = useState<ReadonlyArray<string>>([])
  const watch = (id: string): void => setWatched((ids) => (ids.includes(id) ? ids : [...ids, id]))
  return (
    <Page
      title="Pairing"
      description={
        <>
          A device joins by a code that you read to it, show as a QR code, or send as a link.
          {isTeam ? (
            <>
              {" "}
              For many people at once there are{" "}
              <Link to="/team" search={{ tab: "invitations" }}>
                invitations
              </Link>
              .
            </>
          ) : null}
        </>
      }
    >
      <Loaded query={query}>
        {({ code, pending }) => (
          <>
            <Panel title="Code">
              {shown !== undefined && shown.expiresMs === code?.expiresMs ? (
                <CodeShown code={shown} role={code.role} onEnd={() => setShown(undefined)} />
              ) : code !== null ? (
                <Alert color="blue" variant="light" title="A code is good now">
                  <Text size="sm">
                    {shown === undefined
                      ? "It was shown to whoever made it, once. A new one takes its place."
                      : "Somebody else made it, and yours is good no more. A new one takes its place."}
                  </Text>
                </Alert>
              ) : (
                <Text c="dimmed">No code is good now.</Text>
              )}
              <NewCode onMade={setShown} isReplacing={code !== null} />
            </Panel>
            <Panel title="Devices that ask">
              {pending.length + watched.length === 0 ? (
                <Empty title="Nobody waits">
                  A device that knows the code appears here, and waits two minutes for your yes.
                </Empty>
              ) : (
                <Asking pending={pending} watched={watched} onSeen={watch} />
              )}
            </Panel>
          </>
        )}
      </Loaded>
    </Page>
  )
}
