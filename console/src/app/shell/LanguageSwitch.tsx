import { TranslationOutlined } from '@ant-design/icons';
import { useNavigate } from '@tanstack/react-router';
import { MenuButton } from '@/components/menu/MenuButton';
import { isLanguage, LANGUAGES, useI18n } from '@/i18n';

/** Each language by its own name, so that it is found by who reads no other. */
const NAMES = { zh: '中文', en: 'English' };

/** Changes the language of the page that is open; the address carries it on. */
export function LanguageSwitch() {
  const { language, setLanguage, texts } = useI18n();
  const navigate = useNavigate();
  const choose = (key: string) => {
    if (!isLanguage(key)) return;
    setLanguage(key);
    void navigate({ to: '.', search: (search) => ({ ...search, lang: key }), replace: true });
  };
  return (
    <MenuButton
      type="text"
      icon={<TranslationOutlined />}
      aria-label={`${texts.shell.language}: ${NAMES[language]}`}
      menu={{
        selectable: true,
        selectedKeys: [language],
        items: LANGUAGES.map((key) => ({ key, label: <span lang={key}>{NAMES[key]}</span> })),
        onClick: ({ key }) => choose(key),
      }}
    >
      {NAMES[language]}
    </MenuButton>
  );
}
