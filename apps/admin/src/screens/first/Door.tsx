/** The frame of the screens before anybody is signed in. */
import { Center, Paper, Stack, Text, Title } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { type ReactNode, useEffect } from "react"
import { identityQuery } from "../../session/who.ts"

interface Props {
  readonly title: string
  readonly children: ReactNode
}

export const Door = ({ children, title }: Props) => {
  const { data: identity } = useQuery(identityQuery)
  useEffect(() => void (document.title = `${title} · Syncline`), [title])
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" w="100%" maw={420}>
        <Stack>
          <div>
            <Title order={1} size="h3">
              {title}
            </Title>
            <Text c="dimmed" size="sm">
              {identity === undefined ? "Syncline hub" : `Syncline hub of the space ${identity.space}`}
            </Text>
          </div>
          {children}
        </Stack>
      </Paper>
    </Center>
  )
}
