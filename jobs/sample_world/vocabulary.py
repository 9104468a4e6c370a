"""The words that titles, overviews and keywords of each genre are made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """What a story is about, in a form for the overview and one for the keyword list."""

    keywords: tuple[str, ...]
    trigger: str  # follows "when"
    aim: str  # follows "must"


@dataclass(frozen=True)
class Words:
    """The words of one genre."""

    adjectives: tuple[str, ...]
    nouns: tuple[str, ...]
    leads: tuple[str, ...]  # who the story is about, without an article
    themes: tuple[Theme, ...]


def _split(text: str, separator: str) -> tuple[str, ...]:
    """The parts of a text, without the blanks around them."""
    return tuple(part.strip() for part in text.split(separator))


def _words(adjectives: str, nouns: str, leads: str, themes: str) -> Words:
    """Words from lists separated by commas, themes one per line as ``keywords | trigger | aim``."""
    parts = [_split(line, "|") for line in themes.strip().splitlines()]
    return Words(
        adjectives=_split(adjectives, ","),
        nouns=_split(nouns, ","),
        leads=_split(leads, ","),
        themes=tuple(Theme(tuple(key.split(", ")), trigger, aim) for key, trigger, aim in parts),
    )


WORDS = {
    "Action": _words(
        "Relentless, Final, Lethal, Broken, Rogue, Burning, Steel, Hard, Fearless, Rapid",
        "Strike, Vengeance, Target, Convoy, Reckoning, Fury, Firewall, Outpost, Crossfire, Bullet, Siege, Extraction",
        "disgraced commando, tireless bodyguard, retired hitman, stunt driver, marine on leave, bomb disposal expert",
        """hostage, rescue mission | mercenaries seize a crowded airport | free the hostages before dawn
        revenge, hitman | an old rival murders the only family left | hunt the killers from port to port
        car chase, heist crew | a stolen truck turns out to carry a warhead | outrun every gun in the city
        martial arts, tournament | a champion vanishes from a secret tournament | fight through the ranks to the truth
        terrorism, bomb | a bomber begins a countdown on live television | defuse the last device by hand""",
    ),
    "Adventure": _words(
        "Lost, Distant, Golden, Uncharted, Northern, Savage, Hidden, Great, Emerald, Forgotten",
        "River, Island, Voyage, Expedition, Treasure, Compass, Summit, Jungle, Passage, Lagoon, Caravan, Horizon",
        "young cartographer, stranded pilot, ship's surgeon, fortune hunter, mountain guide, runaway heiress",
        """treasure hunt, map | half of a pirate's map surfaces at an auction | reach the island before a ruthless rival
        jungle, lost city | a plane goes down beside a city no one has charted | lead the survivors out of the jungle
        shipwreck, survival | a storm breaks the mast a thousand miles from land | keep a quarrelling crew alive
        mountain, expedition | an avalanche buries the only way down | cross the summit in winter
        desert, caravan | a caravan disappears with the sultan's ransom | follow its tracks across the desert""",
    ),
    "Animation": _words(
        "Little, Brave, Tiny, Curious, Clockwork, Paper, Flying, Sleepy, Singing, Midnight",
        "Fox, Lighthouse, Robot, Dragon, Balloon, Teapot, Whale, Forest, Toymaker, Snowflake, Penguin, Comet",
        "timid hedgehog, runaway robot, small dragon, paper boat captain, orphaned fox cub, absent-minded wizard",
        """talking animals, friendship | the forest animals wake to find the river gone | bring the water home
        robot, friendship | a discarded robot learns to laugh | find the girl who built it
        magic, apprentice | a spell turns the whole town into toys | undo it before the clock strikes twelve
        dragon, flying | the last dragon hatches in a bakery | teach it to fly without burning down the street
        ocean, journey home | a young whale loses the song of its herd | swim across the world to hear it again""",
    ),
    "Biography": _words(
        "Unlikely, Private, Quiet, Restless, Untold, Extraordinary, Early, Stubborn, Brilliant",
        "Life, Portrait, Years, Genius, Memoir, Letters, Legacy, Confession, Apprentice, Visionary",
        "self-taught mathematician, country doctor, pioneering aviator, forgotten composer, suffragette, exiled poet",
        """based on a true story, scientist | a discovery is credited to somebody else | prove whose work it was
        based on a true story, artist | success arrives after twenty years of hunger | choose between fame and home
        based on a true story, politician | a strike divides the country | hold a fragile alliance together
        based on a true story, aviation | the first crossing ends in the sea | find the courage to fly again
        based on a true story, medicine | an epidemic reaches the valley | persuade a village to trust a vaccine""",
    ),
    "Comedy": _words(
        "Accidental, Crazy, Perfect, Awkward, Merry, Lazy, Borrowed, Fabulous, Unexpected, Second-Hand",
        "Wedding, Neighbors, Honeymoon, Vacation, Uncle, Landlord, Roommates, Inheritance, Picnic, Butler, Reunion",
        "hapless accountant, retired clown, bossy aunt, wedding planner, unlucky waiter, failed magician",
        """wedding, family secret | two weddings are booked into the same hotel | keep the families from meeting
        mistaken identity, impostor | a waiter is mistaken for a visiting diplomat | bluff through a state dinner
        road trip, friendship | the last bus leaves without the band | cross the country with a stolen ice cream van
        inheritance, greed | a rich uncle leaves everything to his parrot | charm the bird in a week
        office, boss | a clerical error promotes the wrong man | run the company without being found out""",
    ),
    "Crime": _words(
        "Crooked, Dirty, Cold, Guilty, Rotten, Silent, Easy, Stolen, Wanted, Bitter",
        "Money, Syndicate, Alibi, Heist, Verdict, Informer, Precinct, Ledger, Getaway, Witness, Bribe, Racket",
        "ageing safecracker, honest sergeant, getaway driver, crime reporter, small-time bookmaker, mob lawyer",
        """heist, gangster | the perfect robbery leaves one witness | find the man who talked
        police corruption, undercover | an undercover officer is ordered to kill | stay alive between two bosses
        mafia, family | a don names the wrong heir | stop a war between brothers
        prison, escape | an innocent convict learns who framed him | break out before the trial is closed
        drug trafficking, informant | a shipment vanishes on the docks | decide whom to betray""",
    ),
    "Documentary": _words(
        "Inside, Vanishing, Living, Hidden, Open, Common, Wild, Last, Unseen, Slow",
        "Harvest, Glacier, Archive, Reef, Factory, Orchestra, Borderland, Kitchen, Stadium, Workshop, Migration, Delta",
        "family of fishermen, travelling orchestra, veteran archivist, team of glaciologists, women's choir, beekeeper",
        """nature, climate change | the glacier above the village retreats | record what is left of it
        music, interview | a forgotten studio reopens after forty years | bring the old musicians together again
        history, archive footage | a suitcase of undeveloped film is found | learn who stood behind the camera
        labour, factory | the last mill in the valley closes | find another way to live
        food, tradition | a recipe older than the town is about to be lost | cook it once more for everyone""",
    ),
    "Drama": _words(
        "Quiet, Long, Broken, Empty, Tender, Distant, Ordinary, Late, Pale, Unfinished",
        "Summer, House, Daughter, Silence, Letter, Harbor, Promise, Winter, Window, Season, Orchard, Homecoming",
        "widowed teacher, estranged son, night nurse, failing farmer, retired judge, young mother",
        """family relationships, grief | a death brings three sisters home | forgive what was never spoken of
        illness, friendship | a diagnosis leaves only one summer | finish what they began as children
        small town, secret | a stranger returns to the town that drove him out | tell the truth at last
        poverty, single mother | the factory gate stays shut | keep the children together through the winter
        father son relationship, farm | the bank comes for the farm | work beside the father he ran from""",
    ),
    "Family": _words(
        "Magic, Secret, Wonderful, Lucky, Muddy, Big, Summer, Clever, Jolly, Snowy",
        "Puppy, Treehouse, Holiday, Grandpa, Pony, Circus, Camp, Garden, Sleigh, Bakery, Raft, Birthday",
        "ten-year-old inventor, lonely stable boy, pair of twins, new girl at school, grumpy grandfather",
        """dog, childhood | a stray dog follows the school bus home | hide it from the strictest aunt in town
        summer camp, friendship | the summer camp is to be sold | win the regatta to save it
        christmas, holiday | the sleigh breaks down on the roof | deliver the last present by morning
        horse, countryside | a wounded horse is found in the snow | ride it in the spring race
        siblings, invention | a garden shed machine actually works | switch it off before dinner""",
    ),
    "Fantasy": _words(
        "Enchanted, Silver, Cursed, Ancient, Shattered, Moonlit, Eternal, Crystal, Wandering, Thorned",
        "Crown, Kingdom, Witch, Sword, Prophecy, Throne, Realm, Sorcerer, Unicorn, Labyrinth, Oath, Raven",
        "reluctant heir, village witch, banished knight, blind oracle, apprentice sorcerer, shapeshifting thief",
        """sorcery, prophecy | a prophecy names a kitchen maid as queen | carry the crown through a haunted realm
        sword, quest | the sword that bound the winter is broken | forge it again in the fire of the north
        witch, curse | a curse puts the whole court to sleep | bargain with the witch who cast it
        fairy tale, transformation | a prince wakes as a raven | win back his shape before the first snow
        parallel world, portal | a library door opens onto another world | close it from the wrong side""",
    ),
    "Film-Noir": _words(
        "Dark, Crooked, Midnight, Lonely, Deadly, Naked, Smoking, Rain-Swept, Double, Blind",
        "Alley, Shadow, Dame, Corridor, Bargain, Staircase, Pier, Cigarette, Corner, Payoff, Frame, Detour",
        "weary private eye, insurance investigator, nightclub singer, discharged sergeant, crooked lawyer",
        """private detective, femme fatale | a beautiful client lies about her husband | find out why before the police
        insurance fraud, murder | an accident pays out twice | unpick a murder he helped to plan
        blackmail, nightclub | photographs are left at a nightclub door | pay the blackmailer or silence him
        amnesia, murder suspect | he wakes beside a body and a gun | remember one night in the rain
        gambling, betrayal | a fixed fight goes wrong | leave town with the money and the wrong woman""",
    ),
    "History": _words(
        "Royal, Imperial, Fallen, Divided, Iron, Revolutionary, Gilded, Old, Sovereign, Besieged",
        "Empire, Queen, Treaty, Regent, Rebellion, Dynasty, Coronation, Republic, Cathedral, Court, Exile, Siege",
        "young queen, court physician, rebel printer, imperial envoy, cathedral builder, foundling general",
        """monarchy, court intrigue | a boy king falls ill without an heir | keep the crown out of the regent's hands
        revolution, printing press | the bread runs out in the capital | print the truth under the censor's nose
        ancient rome, slavery | a governor sells a whole province into slavery | lead the slaves over the mountains
        middle ages, plague | the plague halts the building of a cathedral | finish the tower before the money ends
        colonialism, expedition | an envoy is sent to sign away a country | choose between his oath and his people""",
    ),
    "Horror": _words(
        "Crawling, Bleeding, Unholy, Hollow, Buried, Screaming, Rotting, Black, Unquiet, Starving",
        "Cellar, Grave, Doll, Scarecrow, Asylum, Coven, Marsh, Nursery, Ritual, Hollow, Crypt, Parasite",
        "skeptical priest, young babysitter, paranormal investigator, grieving couple, night watchman",
        """haunted house, ghost | a family moves into a house with a locked cellar | silence whatever walks its halls
        demon, possession | a child begins to speak a dead language | face the demon that wears her face
        slasher, masked killer | a masked killer returns on the anniversary | survive the night at the lake
        zombie, outbreak | the buried begin to knock | cross a city of the dead before sunrise
        vampire, small town | nobody in the village casts a reflection | keep the door shut until morning""",
    ),
    "Music": _words(
        "Electric, Blue, Broken, Loud, Velvet, Last, Open-Air, Unplugged, Second, Neon",
        "Chord, Encore, Band, Record, Rhythm, Guitar, Chorus, Trumpet, Melody, Tour, Session, Jukebox",
        "washed-up guitarist, street drummer, choir conductor, jazz trumpeter, teenage songwriter, roadie",
        """rock band, tour | the singer walks off in the middle of the tour | find a new voice in three days
        jazz, addiction | a trumpeter pawns his horn | play one last session sober
        choir, school | the school cuts its music lessons | take an untrained choir to the finals
        songwriter, rivalry | a stolen song becomes a hit | prove it in front of the whole town
        piano, prodigy | a prodigy loses the use of one hand | learn to hear music another way""",
    ),
    "Musical": _words(
        "Dancing, Singing, Dazzling, Starlit, Broadway, Sunny, Merry, Twinkling, Satin, Carefree",
        "Revue, Follies, Melody, Serenade, Carousel, Cabaret, Tap, Spotlight, Waltz, Footlights, Parade, Cavalcade",
        "chorus girl, out-of-work hoofer, bankrupt producer, singing sailor, shy pianist, understudy",
        """dancing, broadway | the star breaks her ankle on opening night | send the understudy on
        cabaret, show business | the theatre is sold from under the company | put on a show in a barn
        sailor, shore leave | three sailors have one day ashore | sing their way to the girl on the poster
        circus, romance | a carousel owner falls for a trapeze artist | win her with a song
        small town, talent show | a talent scout gets off at the wrong station | make the whole town sing""",
    ),
    "Mystery": _words(
        "Missing, Vanished, Locked, Second, Crimson, Sealed, Thirteenth, Unsigned, Veiled, Whispering",
        "Room, Portrait, Clue, Guest, Manor, Cipher, Diary, Stranger, Key, Train, Photograph, Bequest",
        "village inspector, retired codebreaker, inquisitive librarian, blind detective, crossword setter",
        """detective, murder | a guest is found dead in a locked room | question everyone before the snow melts
        missing person, small town | a girl disappears between two railway stations | follow the one clue she left
        cipher, secret society | a coded diary arrives by post | read it before its next owner does
        amnesia, identity | a woman is told she died ten years ago | learn who is buried under her name
        mansion, inheritance | every heir receives the same anonymous letter | unmask the writer at dinner""",
    ),
    "Romance": _words(
        "Tender, Sudden, Paper, Summer, Parisian, Secret, Impossible, Sweet, Borrowed, Late",
        "Kiss, Heart, Letters, Waltz, Affair, Promise, Strangers, Garden, Bouquet, Autumn, Proposal, Balcony",
        "shy florist, divorced architect, letter writer, jilted bride, ship's officer, bookshop owner",
        """love, letters | a love letter is delivered thirty years late | find the woman it was meant for
        love triangle, wedding | an old flame comes to the wedding | choose before the bells ring
        paris, chance encounter | two strangers share the last taxi | meet again without knowing a name
        forbidden love, family feud | their fathers have not spoken for a generation | love in secret for one summer
        second chance, divorce | a divorced couple is snowed in | remember why they married""",
    ),
    "Sci-Fi": _words(
        "Quantum, Last, Orbital, Artificial, Infinite, Red, Parallel, Frozen, Synthetic, Stellar",
        "Signal, Colony, Planet, Machine, Paradox, Station, Clone, Horizon, Android, Protocol, Gravity, Eclipse",
        "ship's engineer, stranded astronaut, rogue android, xenobiologist, colony doctor, time courier",
        """space travel, spacecraft | the engines fail beyond the last relay | bring the crew home on half the air
        artificial intelligence, android | an android asks for a lawyer | decide what counts as a life
        time travel, paradox | a message arrives from next week | change one hour without ending the world
        alien, first contact | a signal repeats in a language of light | answer before the army does
        dystopia, cloning | a clone meets the man he was copied from | escape the city under the dome""",
    ),
    "Sport": _words(
        "Final, Golden, Underdog, Winning, Last, Home, Long, Extra, Champion, Bare-Knuckle",
        "Season, Round, Goal, Lap, Coach, League, Marathon, Inning, Corner, Ring, Comeback, Relay",
        "injured striker, ageing boxer, school coach, village goalkeeper, former champion, rookie pitcher",
        """boxing, comeback | a beaten boxer is offered one more bout | go the distance for his daughter
        football, underdog | the worst team in the league gets a new coach | stay up on the last day
        running, training | a postman beats the national record by accident | train for the marathon in one winter
        baseball, small town | the field is to become a car park | win the season that saves it
        swimming, rivalry | two sisters qualify for one place | race each other in the final""",
    ),
    "Thriller": _words(
        "Fatal, Silent, Hidden, Cold, Deadly, Perfect, Blind, Sleepless, Hostile, Final",
        "Witness, Obsession, Conspiracy, Passenger, Deception, Double, Hour, Motive, Signal, Suspect, Alibi, Network",
        "court stenographer, hunted analyst, night-shift operator, surgeon under threat, wiretap technician",
        """conspiracy, government | a routine file names a dead agent | stay ahead of an agency that does not exist
        stalker, obsession | an admirer starts to leave keys | find him among the people she trusts
        kidnapping, ransom | the ransom call comes before the kidnapping | save a child nobody has missed yet
        hacker, surveillance | a camera records tomorrow's murder | warn a victim who is watching her
        serial killer, cat and mouse | a killer writes only to one detective | end a game he invented""",
    ),
    "War": _words(
        "Fallen, Burning, Frozen, Forward, Silent, Last, Broken, Desert, Distant, Iron",
        "Battalion, Bridge, Trench, Regiment, Patrol, Armistice, Ridge, Convoy, Front, Bunker, Brigade, Harbor",
        "field surgeon, raw lieutenant, resistance courier, deserter, radio operator, tank crew",
        """world war ii, resistance | the courier's network is betrayed | carry one name across the border
        world war i, trench | the order to attack will not be withdrawn | bring the company back alive
        submarine, navy | a submarine lies crippled on the sea bed | surface among the enemy's ships
        prisoner of war, escape | a camp commandant allows a theatre | dig a tunnel under the stage
        soldier, homecoming | the armistice is signed an hour too late | tell a family how it happened""",
    ),
    "Western": _words(
        "Lonesome, Dusty, Outlaw, Wild, Six-Gun, High, Painted, Hanging, Restless, Southbound",
        "Canyon, Sheriff, Stagecoach, Ridge, Trail, Saloon, Ranch, Posse, Spurs, Mesa, Gunslinger, Territory",
        "retired marshal, widow with a rifle, drifter, cattle driver, half-blind gunfighter, frontier preacher",
        """gunslinger, revenge | three riders burn a homestead | follow them to the border
        sheriff, outlaw | the noon train brings a pardoned killer | defend a town that will not fight
        cattle drive, frontier | the herd must reach the railway before the snow | cross the river with half the men
        gold rush, greed | a prospector strikes gold on stolen land | keep it one night
        stagecoach, ambush | the stagecoach is ambushed in the canyon | bring six passengers through""",
    ),
}

PLACES = (
    "a rain-soaked port",
    "a mountain village",
    "the capital",
    "a fading seaside resort",
    "a border town",
    "a sleepless city",
    "the far north",
    "a river valley",
    "a remote province",
    "the suburbs",
    "a mining town",
    "a university town",
    "the open plains",
    "an old quarter of the city",
)
PLACE_NAMES = ("Ashford", "Bellrock", "Calder Bay", "Dunmore", "Eastwick Hill", "Fairhaven", "Glenmoor", "Hartsfield",
               "Ironbridge", "Juniper Falls", "Kingsmere", "Larkspur", "Marlow", "Northgate", "Oakhollow", "Pinecrest",
               "Quarry Lane", "Redwater", "Saltmarsh", "Thornbury", "Upland", "Vesper Point", "Westmoor", "Yarrow",
               "Blackwater", "Cedar Creek", "Elmsworth", "Lisbon", "Trieste", "Havana")  # fmt: skip
SUBTITLES = ("The Return", "Reckoning", "The Last Chapter", "Homeward", "Resurgence", "A New Beginning", "Aftermath")
TAGLINES = (
    "Nothing stays hidden.",
    "Some doors open only once.",
    "Everybody has a price.",
    "The story nobody dared to tell.",
    "Home is where it begins.",
    "One night changes everything.",
    "Courage comes in all sizes.",
    "Trust is a dangerous thing.",
)
STUDIOS = ("Northlight", "Blue Heron", "Parallax", "Old Mill", "Meridian", "Kestrel", "Harbour Street", "Silver Birch",
           "Tangerine", "Ninth Floor", "Wandering Star", "Copperfield")  # fmt: skip
STUDIO_KINDS = ("Pictures", "Films", "Entertainment", "Studios")

_JAPANESE = 5
# One idea a row in every language of the catalogue: en, fr, es, de, it, ja, sv, pt.
THINGS = tuple(
    _split(row, "|")
    for row in """\
The Garden|Le Jardin|El jardín|Der Garten|Il giardino|Niwa|Trädgården|O Jardim
The House|La Maison|La casa|Das Haus|La casa|Ie|Huset|A Casa
The Bridge|Le Pont|El puente|Die Brücke|Il ponte|Hashi|Bron|A Ponte
The Song|La Chanson|La canción|Das Lied|La canzone|Uta|Sången|A Canção
The Road|La Route|El camino|Die Straße|La strada|Michi|Vägen|A Estrada
The Night|La Nuit|La noche|Die Nacht|La notte|Yoru|Natten|A Noite
The River|La Rivière|El río|Der Fluss|Il fiume|Kawa|Floden|O Rio
The Island|L'Île|La isla|Die Insel|L'isola|Shima|Ön|A Ilha
The Letter|La Lettre|La carta|Der Brief|La lettera|Tegami|Brevet|A Carta
The Shadow|L'Ombre|La sombra|Der Schatten|L'ombra|Kage|Skuggan|A Sombra
The Voice|La Voix|La voz|Die Stimme|La voce|Koe|Rösten|A Voz
The Train|Le Train|El tren|Der Zug|Il treno|Ressha|Tåget|O Trem
The Dream|Le Rêve|El sueño|Der Traum|Il sogno|Yume|Drömmen|O Sonho
The Daughter|La Fille|La hija|Die Tochter|La figlia|Musume|Dottern|A Filha
The Window|La Fenêtre|La ventana|Das Fenster|La finestra|Mado|Fönstret|A Janela
The Mountain|La Montagne|La montaña|Der Berg|La montagna|Yama|Berget|A Montanha
The Stranger|L'Étranger|El forastero|Der Fremde|Lo straniero|Tabibito|Främlingen|O Estranho
The Forest|La Forêt|El bosque|Der Wald|La foresta|Mori|Skogen|A Floresta
The Return|Le Retour|El regreso|Die Rückkehr|Il ritorno|Kikyo|Återkomsten|O Regresso
The Promise|La Promesse|La promesa|Das Versprechen|La promessa|Yakusoku|Löftet|A Promessa""".splitlines()
)
OF_WHAT = tuple(
    _split(row, "|")
    for row in """\
of Winter|d'hiver|de invierno|im Winter|d'inverno|Fuyu|om vintern|de inverno
of Summer|d'été|de verano|im Sommer|d'estate|Natsu|om sommaren|de verão
by the Sea|au bord de la mer|junto al mar|am Meer|sul mare|Umi|vid havet|à beira-mar
of Silence|du silence|del silencio|der Stille|del silenzio|Seijaku|i tystnaden|do silêncio
of the Moon|de la lune|de la luna|des Mondes|della luna|Tsuki|under månen|da lua
in the Rain|sous la pluie|bajo la lluvia|im Regen|sotto la pioggia|Ame|i regnet|na chuva
of the Birds|des oiseaux|de los pájaros|der Vögel|degli uccelli|Tori|bland fåglarna|dos pássaros
without End|sans fin|sin fin|ohne Ende|senza fine|Eien|utan slut|sem fim
of Dawn|de l'aube|del alba|der Morgenröte|dell'alba|Yoake|i gryningen|da aurora
of My Father|de mon père|de mi padre|meines Vaters|di mio padre|Chichi|efter min far|de meu pai
of the Wind|du vent|del viento|des Windes|del vento|Kaze|i vinden|do vento
in the Fog|dans la brume|en la niebla|im Nebel|nella nebbia|Kiri|i dimman|na neblina
of Fire|de feu|de fuego|des Feuers|di fuoco|Honoo|av eld|de fogo
of Yesterday|d'hier|de ayer|von gestern|di ieri|Kinou|från igår|de ontem
of the Stars|des étoiles|de las estrellas|der Sterne|delle stelle|Hoshi|under stjärnorna|das estrelas
of the City|de la ville|de la ciudad|der Stadt|della città|Machi|i staden|da cidade""".splitlines()
)


CONJUNCTIONS = ("and", "et", "y", "und", "e", "to", "och", "e")
PHRASES = len(OF_WHAT) + len(THINGS) - 1  # second ideas that each thing can be joined with


def phrase(ideas: tuple[int, int], language: int) -> str:
    """A title of two ideas in one language, such as "The Garden of Winter", "Fuyu no niwa" or "Le Pont et la Nuit".

    Args:
        ideas: Position in ``THINGS``, and of the second idea: below ``PHRASES``.
        language: Position in the catalogue's languages.
    """
    first, second = ideas
    thing = THINGS[first][language]
    if second >= len(OF_WHAT):
        other = THINGS[(first + 1 + second - len(OF_WHAT)) % len(THINGS)][language]
        return f"{thing} {CONJUNCTIONS[language]} {other[0].lower()}{other[1:]}"
    complement = OF_WHAT[second][language]
    return f"{complement} no {thing.lower()}" if language == _JAPANESE else f"{thing} {complement}"
