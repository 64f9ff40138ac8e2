import TopNavigation, { type TopNavigationProps } from "@cloudscape-design/components/top-navigation";
import { useNavigate } from "react-router";
import { useText, type Text } from "../text";
import type { Language, Theme } from "./kept-looks";
import { useLooks } from "./looks";
import { useSession } from "./session";

const languages: Record<Language, string> = { en: "English", "zh-CN": "中文（简体）" };

type Looks = ReturnType<typeof useLooks>;

function choices(text: Text, looks: Looks): TopNavigationProps.MenuDropdownUtility["items"] {
  const one = (id: string, label: string, checked: boolean) => ({ id, text: label, itemType: "checkbox" as const, checked });
  return [
    {
      id: "theme",
      text: text.top.theme,
      items: (["system", "light", "dark"] as const).map((t) => one(`theme:${t}`, text.top[t], looks.theme === t)),
    },
    {
      id: "density",
      text: text.top.density,
      items: (["comfortable", "compact"] as const).map((d) => one(`density:${d}`, text.top[d], looks.density === d)),
    },
    {
      id: "language",
      text: text.top.language,
      items: (Object.keys(languages) as Language[]).map((l) => one(`language:${l}`, languages[l], looks.language === l)),
    },
  ];
}

function choose(looks: Looks, id: string): void {
  const [what, value] = id.split(":");
  switch (what) {
    case "theme":
      looks.set({ theme: value as Theme });
      break;
    case "density":
      looks.set({ density: value as "comfortable" | "compact" });
      break;
    case "language":
      looks.set({ language: value as Language });
      break;
  }
}

/** The bar at the top: name, appearance, language, who is signed in. */
export function TopBar() {
  const text = useText();
  const looks = useLooks();
  const navigate = useNavigate();
  const { user, leave } = useSession();
  return (
    <div id="top">
      <TopNavigation
        identity={{
          href: "/",
          title: "eksposure",
          onFollow: (e) => {
            e.preventDefault();
            void navigate("/");
          },
        }}
        utilities={[
          {
            type: "menu-dropdown",
            iconName: "settings",
            ariaLabel: text.top.looks,
            title: text.top.looks,
            items: choices(text, looks),
            onItemClick: (e) => choose(looks, e.detail.id),
          },
          {
            type: "menu-dropdown",
            iconName: "user-profile",
            text: user.name,
            ariaLabel: text.top.signedInAs(user.name, text.roles[user.role]),
            description: text.roles[user.role],
            items: [{ id: "sign-out", text: text.top.signOut }],
            onItemClick: () => void leave(),
          },
        ]}
        i18nStrings={{ overflowMenuTitleText: text.top.overflowTitle, overflowMenuTriggerText: text.top.overflowTrigger }}
      />
    </div>
  );
}
